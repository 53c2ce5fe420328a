# SPDX-License-Identifier: MIT
"""Django REST framework: a viewset as its tutorial has it."""
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from .models import Order


class OrderSerializer(ModelSerializer):
    class Meta:
        model = Order
        fields = ["id", "customer", "details"]
        read_only_fields = ["customer"]


class Orders(ModelViewSet):
    queryset = Order.objects.order_by("id")
    serializer_class = OrderSerializer

    def get_queryset(self):
        return super().get_queryset().filter(
            customer=self.request.user.username)

    def perform_create(self, serializer):
        serializer.save(customer=self.request.user.username)
