# SPDX-License-Identifier: MIT
from django.db import models


class Order(models.Model):
    customer = models.CharField(max_length=150, db_index=True)
    details = models.TextField()

    def as_dict(self):
        return {"order_id": self.id, "details": self.details}
