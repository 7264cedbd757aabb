"""Where the sizes of virtual disks come from: a table, or Forklift's inventory."""
