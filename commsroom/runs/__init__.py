"""How work reaches systems: Nornir for objects, Ansible for servers."""
