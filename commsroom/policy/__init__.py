"""What the company wants: typed models of its policy files and its roster."""
