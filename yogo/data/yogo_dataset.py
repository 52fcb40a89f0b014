"""An import path of published yogo: see `yogo.published.labels`."""

from yogo.published.labels import ObjectDetectionDataset, format_labels_tensor, label_file_to_tensor, load_labels

__all__ = ["ObjectDetectionDataset", "format_labels_tensor", "label_file_to_tensor", "load_labels"]
