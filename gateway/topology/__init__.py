"""How requests go through a gateway, as a picture."""
