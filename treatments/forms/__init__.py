"""What people type in. Forms check shape and range; services decide."""
