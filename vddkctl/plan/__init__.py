"""Site + Observed → Plan. Pure: the same input gives the same bytes."""
