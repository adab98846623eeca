"""Series as arithmetic: stretches, envelopes, sketches. Pure: no file is opened here, and no clock read."""
