"""OpenAPI documents as changes of what a gateway holds, and a gateway as one of them."""
