"""What happens by the clock. Stands on bot/, which has never heard of it."""
