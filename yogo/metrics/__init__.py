"""Metrics of a detector's predictions: functions of arrays, and the accumulation of those arrays.

Two sets of boxes are evaluated, both after non-maximum suppression. Boxes above a low objectness, ranked by
objectness x class probability, give COCO's average precision. Boxes above the objectness at which `yogo infer`
keeps a box give everything else: the confusion matrix, precision, recall, ROC, calibration and counts.
"""
