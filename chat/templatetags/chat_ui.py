"""What the templates need to show a conversation."""

from django import template

from chat.rich_text import rendered

register = template.Library()
register.filter("rendered", rendered)
