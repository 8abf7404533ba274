"""The smallest service there is, twice: as Broadsheet's services are made, and by Nameko with nothing but its defaults."""
