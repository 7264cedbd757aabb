"""What an image is: references, descriptors, manifests, indexes and their assembly. Pure."""
