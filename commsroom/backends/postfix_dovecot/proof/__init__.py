"""Mail as its owners use it, over IMAP and SMTP: what `proving` judges."""
