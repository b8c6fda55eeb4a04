"""What the operators' API is asked: filters, pages and bodies, read strictly and refused with what was expected."""
