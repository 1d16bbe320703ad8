"""Staff and roles in the frame; what other packages register and staff do not need goes."""

# unfold ships no types for its classes.
# mypy: disable-error-code="misc"

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from procrastinate.contrib.django.models import ProcrastinateJob
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from conversations.staff_admin import StaffSettingsInline

for model in (User, Group, AccessAttempt, AccessFailureLog, AccessLog, ProcrastinateJob):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


admin.site.index_title = "Dashboard"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    """Who may sign in, and in which roles."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    inlines = (StaffSettingsInline,)
    list_display = ("username", "first_name", "last_name", "is_active", "last_login")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """What a role may do."""
