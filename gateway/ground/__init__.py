"""What every room stands on: processes, supervision, the one careful client, logs, metrics; each thing once."""
