"""What both sides know: the payload, and the name of the plain service."""

NAME = "plain_echo"
TEXT = "x" * 1000
