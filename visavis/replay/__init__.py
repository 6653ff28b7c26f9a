"""`visavis replay`: a past conversation in the terminal."""
