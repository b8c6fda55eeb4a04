"""The operators' pages: full pages from the server, which show what the operators' API tells."""
