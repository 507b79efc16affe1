"""Demo data: two invented desks, their customers and a small shop to look orders up."""
