"""What every page passes through on its way in and out."""
