"""Live controls: what is asked for on the page takes effect between two steps of the training, and is answered."""
