"""From a checkpoint and pictures to boxes: drawn, as text, as an array, counted, or handed to a caller."""

from yogo.infer.api import Predictions, predict
from yogo.infer.rows import count_cells_for_formatted_preds, get_prediction_class_counts

__all__ = ["Predictions", "count_cells_for_formatted_preds", "get_prediction_class_counts", "predict"]
