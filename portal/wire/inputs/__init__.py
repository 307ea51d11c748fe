"""What programs send: strict serializers whose help texts the model reads."""
