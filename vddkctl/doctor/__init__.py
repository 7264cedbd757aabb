"""Whether everything that a site needs is there: engines, disks, archives, registries, a cluster."""
