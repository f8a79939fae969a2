"""One report structure and its forms: text, JSON, Markdown, HTML, JUnit, SARIF.

`model` holds the structure, `documents` the JSON contracts; each other module is one form.
"""
