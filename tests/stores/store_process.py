"""Another process that opens the same store and makes what is missing: `store_process.py KIT`.

It prints what it then finds, so that racers can be compared. KIT comes on standard input, since a token is in it.
"""

import sys
import uuid

from store_kits import from_description

from commsroom.estate.secret import Secret, SecretRef

store = from_description(sys.stdin.read()).open()
refs = [SecretRef(f"p{number}/sip", "password", generation=1) for number in range(40)]
store.ensure(refs, lambda _: Secret(uuid.uuid4().hex))
found = store.get_many([(ref.path, 1) for ref in refs])
store.close()
print(" ".join(found[ref.path, 1].reveal() for ref in refs))  # noqa: T201 - its answer
