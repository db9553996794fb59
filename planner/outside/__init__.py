"""What comes from outside, read into what the rest may trust: files, documents, and what others say."""
