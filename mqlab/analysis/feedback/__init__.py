"""What sales said of the leads it was handed: rejections, kept promises, surveys, and leads to talk about."""
