"""What Dash renders, one file a part: its layout and its callbacks."""
