"""What programs are told: plain values, bounded in size, words of others marked as data."""
