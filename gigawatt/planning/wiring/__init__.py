"""The only translation layer: a resolved scenario and the catalogue into each engine's inputs."""
