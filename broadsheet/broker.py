"""What a lost RabbitMQ looks like to its clients.

kombu raises its own error for a connection that can't be made, but lets pass what py-amqp says when one that was there is closed; py-amqp's
errors are no ``OSError``. Whoever publishes or consumes catches all of :data:`BROKER_ERRORS`.
"""

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

BROKER_ERRORS: tuple[type[Exception], ...] = (OSError, OperationalError, AMQPError)
