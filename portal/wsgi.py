import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()

# What it imports needs Django to be set up.
from portal.web.middleware.charsets import UTF8Request  # noqa: E402

application.request_class = UTF8Request
