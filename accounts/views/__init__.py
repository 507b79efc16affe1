"""Pages about staff: who works here, how somebody joins, single sign-on."""
