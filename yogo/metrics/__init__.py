"""What a detector's answers are worth: functions of arrays, and the gathering of those arrays.

Two sets of boxes are judged, both after the suppression of overlaps. Those above a low objectness, ranked by
objectness x class probability, make COCO's average precision. Those above the objectness at which `yogo infer`
keeps a box make everything else: the confusion matrix, precision, recall, ROC, calibration and counts.
"""
