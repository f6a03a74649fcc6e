"""A stand-in for a mail server: it takes mail by SMTP, shows it, and refuses or breaks off as it is told."""
