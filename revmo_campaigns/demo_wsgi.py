"""The WSGI entry of the demo's web process.

granian serves from a child of its own, which would outlive a parent that is killed; it asks the kernel to go along.
"""

import multiprocessing

from revmo_campaigns.supervisor import die_with
from revmo_campaigns.wsgi import application as application

if granian := multiprocessing.parent_process():
    die_with(granian.pid or 0)
