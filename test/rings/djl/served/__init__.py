"""Tests against the served endpoint: what goes over HTTP, through DJL's engine, into worker processes."""
