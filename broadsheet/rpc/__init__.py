"""RPC between processes: typed by the contracts, carried by AMQP in Nameko's protocol."""
