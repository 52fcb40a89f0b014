"""The recipe's defaults under the names that published yogo gave them."""

from yogo.recipe import Recipe

_DEFAULTS = Recipe()


class DefaultHyperparams:
    """Not instantiated: `DefaultHyperparams.BATCH_SIZE`."""

    BATCH_SIZE = _DEFAULTS.batch_size
    EPOCHS = _DEFAULTS.epochs
    LEARNING_RATE = _DEFAULTS.learning_rate
    DECAY_FACTOR = LR_DECAY_FACTOR = _DEFAULTS.lr_decay_factor
    WEIGHT_DECAY = _DEFAULTS.weight_decay
    LABEL_SMOOTHING = _DEFAULTS.label_smoothing
    IOU_WEIGHT = _DEFAULTS.iou_weight
    NO_OBJ_WEIGHT = _DEFAULTS.no_obj_weight
    CLASSIFY_WEIGHT = _DEFAULTS.classify_weight
    NORMALIZE_IMAGES = _DEFAULTS.normalize_images
    RGB_IMAGES = _DEFAULTS.rgb_images
    MODEL = _DEFAULTS.model
    IMAGE_HW = _DEFAULTS.image_hw
    ANCHOR_W = _DEFAULTS.anchor_width
    ANCHOR_H = _DEFAULTS.anchor_height
