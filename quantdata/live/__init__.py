"""The live hub: what is watched, kept up to date by polls and streams, published to whoever subscribes."""
