"""The ground floor that training and serving stand on: kernels, collectives, topology, power."""
