"""Messages between processes that are not calls: Kafka topics and Nameko events. For plain processes only, never a green one."""
