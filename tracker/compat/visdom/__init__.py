"""Visdom's API over our store: `Windows` does what its server does with messages, `Visdom` makes them."""
