"""Attacks on a gateway by strangers, while another person talks and is to notice nothing."""
