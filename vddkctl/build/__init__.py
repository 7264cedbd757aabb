"""How an image comes to be: reading an archive, making a layer, assembling the image."""
