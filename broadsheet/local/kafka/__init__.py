"""Where Kafka's jars come from."""
