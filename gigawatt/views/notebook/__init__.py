"""What `import gigawatt` gives a notebook: results with their figures, and a face made of HTML and inline SVG."""
