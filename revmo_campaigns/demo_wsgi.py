"""The WSGI entry of the demo's web process.

granian serves from a child of its own, which would outlive a parent that is killed; it asks the kernel to go along.
"""

from revmo_campaigns.supervisor import die_with_parent
from revmo_campaigns.wsgi import application as application

die_with_parent()
